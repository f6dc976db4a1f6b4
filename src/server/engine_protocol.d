src/server/engine_protocol.o: src/server/engine_protocol.c \
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
 /tmp/hB-root/usr/include/postgresql/15/server/fmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/mb/pg_wchar.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/builtins.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/fmgrprotos.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/memutils.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/memnodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/numeric.h \
 src/server/engine_protocol.h \
 /tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/jsonb.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/array.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h
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
/tmp/hB-root/usr/include/postgresql/15/server/fmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/mb/pg_wchar.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/builtins.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/fmgrprotos.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/memutils.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/memnodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/numeric.h:
src/server/engine_protocol.h:
/tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/jsonb.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/array.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h:
