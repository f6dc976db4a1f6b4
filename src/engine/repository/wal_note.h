/*
 * Notes of how far the WAL archive went.  Without them, an archive whose
 * newest segments have vanished could not be told from one that ends there.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_WAL_NOTE_H
#define ERPGO_ENGINE_REPOSITORY_WAL_NOTE_H

#include "repository/wal_archive.h"

/*
 * Notes durably that a segment is in the archive, unless a later one of its
 * timeline is noted already.  Earlier notes are removed.  FAILURE_DUPLICATE if
 * another process notes the same at this moment.
 */
extern void wal_note_write(WalArchive *archive, const WalName *segment, bool encrypted);

/* The notes of an archive; the listing is the caller's to free. */
extern StoreListing wal_notes_list(Repository *repository);

/*
 * Copies notes that were listed in one archive to another one, whose own are
 * replaced by those of later segments.  One that does not authenticate is
 * FAILURE_DAMAGED.
 */
extern void wal_notes_copy(WalArchive *from, const StoreListing *notes, WalArchive *to);

/*
 * The newest segment of a timeline that is noted; false if none is.  A note
 * that does not authenticate is FAILURE_DAMAGED.
 */
extern bool wal_note_read(WalArchive *archive, uint32 timeline, WalName *newest);

/* Do the notes say that a segment was archived, or a later one of its timeline? */
extern bool wal_note_covers(WalArchive *archive, const WalName *segment);

#endif
