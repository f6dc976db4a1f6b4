test/unit/test_repository.o: test/unit/test_repository.c \
 test/unit/helpers.h \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h \
 /tmp/hB-root/usr/include/postgresql/15/server/c.h \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h \
 src/engine/failure.h src/engine/stream/sink.h test/unit/sample.h \
 src/engine/repository/repository.h src/engine/repository/event.h \
 src/engine/repository/manifest.h src/common/backup_id.h \
 src/common/backup_type.h src/common/compression.h \
 src/common/encryption.h src/common/verify_depth.h \
 src/engine/repository/keys.h src/engine/store/store.h \
 src/engine/stream/filters.h test/unit/scratch.h
test/unit/helpers.h:
/tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h:
/tmp/hB-root/usr/include/postgresql/15/server/c.h:
/tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h:
/tmp/hB-root/usr/include/postgresql/15/server/port.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h:
src/engine/failure.h:
src/engine/stream/sink.h:
test/unit/sample.h:
src/engine/repository/repository.h:
src/engine/repository/event.h:
src/engine/repository/manifest.h:
src/common/backup_id.h:
src/common/backup_type.h:
src/common/compression.h:
src/common/encryption.h:
src/common/verify_depth.h:
src/engine/repository/keys.h:
src/engine/store/store.h:
src/engine/stream/filters.h:
test/unit/scratch.h:
