src/server/job_request.o: src/server/job_request.c \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres.h \
 /tmp/hB-root/usr/include/postgresql/15/server/c.h \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/elog.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/errcodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/palloc.h \
 src/server/job_slot.h \
 /tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/condition_variable.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/proclist_types.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/spin.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/s_lock.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/latch.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/lwlock.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/arch-x86.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic-gcc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/fallback.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/lwlocknames.h \
 src/common/backup_id.h src/common/backup_type.h \
 src/common/verify_depth.h
/tmp/hB-root/usr/include/postgresql/15/server/postgres.h:
/tmp/hB-root/usr/include/postgresql/15/server/c.h:
/tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h:
/tmp/hB-root/usr/include/postgresql/15/server/port.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/elog.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/errcodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/palloc.h:
src/server/job_slot.h:
/tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/condition_variable.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/proclist_types.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/spin.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/s_lock.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/latch.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/lwlock.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/arch-x86.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic-gcc.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/fallback.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/lwlocknames.h:
src/common/backup_id.h:
src/common/backup_type.h:
src/common/verify_depth.h:
