src/server/engine_process.o: src/server/engine_process.c \
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
 /tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h \
 /tmp/hB-root/usr/include/postgresql/15/server/miscadmin.h \
 /tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pgtime.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/ipc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/latch.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/timestamp.h \
 /tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h \
 /tmp/hB-root/usr/include/postgresql/15/server/fmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pgtime.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/wait_event.h \
 src/server/engine_process.h
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
/tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h:
/tmp/hB-root/usr/include/postgresql/15/server/miscadmin.h:
/tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h:
/tmp/hB-root/usr/include/postgresql/15/server/pgtime.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/ipc.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/latch.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/timestamp.h:
/tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h:
/tmp/hB-root/usr/include/postgresql/15/server/fmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/pgtime.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/wait_event.h:
src/server/engine_process.h:
