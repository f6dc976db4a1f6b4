src/engine/stream/compress.o: src/engine/stream/compress.c \
 src/engine/stream/compress.h src/engine/stream/codec.h \
 src/common/compression.h \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h \
 /tmp/hB-root/usr/include/postgresql/15/server/c.h \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h \
 src/engine/stream/filters.h src/common/encryption.h \
 src/engine/stream/sink.h
src/engine/stream/compress.h:
src/engine/stream/codec.h:
src/common/compression.h:
/tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h:
/tmp/hB-root/usr/include/postgresql/15/server/c.h:
/tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h:
/tmp/hB-root/usr/include/postgresql/15/server/port.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h:
src/engine/stream/filters.h:
src/common/encryption.h:
src/engine/stream/sink.h:
