/*
 * Taking a file of WAL out of whichever repository has it.
 */
#ifndef ERPGO_ENGINE_COMMAND_WAL_GET_ANY_H
#define ERPGO_ENGINE_COMMAND_WAL_GET_ANY_H

#include "command/repositories.h"
#include "repository/wal_archive.h"

/* What a repository says of a file. */
typedef enum WalAnswer
{
	WAL_ANSWER_TAKEN,			/* it has it, and it is where it was asked for */
	WAL_ANSWER_ABSENT,			/* it does not have it */
	WAL_ANSWER_EXPECTED			/* nor that, although it should */
} WalAnswer;

/* What is asked of a repository; in a process of its own. */
typedef struct WalQuestions
{
	/* Takes the file, without waiting for it. */
	WalAnswer	(*take) (WalArchive *archive, void *context);

	/* How far the pieces of the unfinished segment reach that are wanted. */
	uint32		(*tail_reach) (WalArchive *archive, void *context);

	/* Puts these together; false if there are none. */
	bool		(*take_tail) (WalArchive *archive, void *context);

	/* The file is in no repository: what waits for the next ones may go. */
	void		(*forget) (WalArchive *archive, void *context);

	void	   *context;
	const char *file;
	const char *spool;			/* the folder of spools */
} WalQuestions;

/*
 * Asks one repository after the other, those last that did not answer a moment
 * ago.  True if the file was taken; false only
 * if every one of them has answered, and none has it or expects it.  Anything
 * else is a failure.
 */
extern bool wal_get_from_any(const CommonOptions *options, const RepositoryList *list,
							 const WalQuestions *questions);

#endif
