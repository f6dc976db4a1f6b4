src/engine/command/show.o: src/engine/command/show.c \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h \
 /tmp/hB-root/usr/include/postgresql/15/server/c.h \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h \
 src/engine/command/arguments.h src/engine/command/command.h \
 src/engine/repository/repository.h src/engine/failure.h \
 src/engine/repository/event.h src/engine/repository/manifest.h \
 src/common/backup_id.h src/common/backup_type.h src/common/compression.h \
 src/common/encryption.h src/common/verify_depth.h \
 src/engine/repository/keys.h src/engine/store/store.h \
 src/engine/stream/sink.h src/engine/stream/filters.h \
 src/engine/command/human.h src/engine/command/table.h
/tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h:
/tmp/hB-root/usr/include/postgresql/15/server/c.h:
/tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h:
/tmp/hB-root/usr/include/postgresql/15/server/port.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h:
src/engine/command/arguments.h:
src/engine/command/command.h:
src/engine/repository/repository.h:
src/engine/failure.h:
src/engine/repository/event.h:
src/engine/repository/manifest.h:
src/common/backup_id.h:
src/common/backup_type.h:
src/common/compression.h:
src/common/encryption.h:
src/common/verify_depth.h:
src/engine/repository/keys.h:
src/engine/store/store.h:
src/engine/stream/sink.h:
src/engine/stream/filters.h:
src/engine/command/human.h:
src/engine/command/table.h:
