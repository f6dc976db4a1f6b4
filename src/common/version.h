/*
 * The version of the extension and of the program.
 */
#ifndef ERPGO_COMMON_VERSION_H
#define ERPGO_COMMON_VERSION_H

#define ERPGO_BACKUP_VERSION "1.0"

#endif
