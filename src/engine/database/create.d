src/engine/database/create.o: src/engine/database/create.c \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h \
 /tmp/hB-root/usr/include/postgresql/15/server/c.h \
 /tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h \
 src/engine/database/catalog.h src/engine/database/connection.h \
 /tmp/hB-root/usr/include/postgresql/libpq-fe.h \
 /tmp/hB-root/usr/include/postgresql/postgres_ext.h \
 src/engine/database/setting.h src/engine/failure.h \
 /tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h
/tmp/hB-root/usr/include/postgresql/15/server/postgres_fe.h:
/tmp/hB-root/usr/include/postgresql/15/server/c.h:
/tmp/hB-root/usr/include/postgresql/15/server/postgres_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_ext.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_manual.h:
/tmp/hB-root/usr/include/postgresql/15/server/pg_config_os.h:
/tmp/hB-root/usr/include/postgresql/15/server/port.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/fe_memutils.h:
src/engine/database/catalog.h:
src/engine/database/connection.h:
/tmp/hB-root/usr/include/postgresql/libpq-fe.h:
/tmp/hB-root/usr/include/postgresql/postgres_ext.h:
src/engine/database/setting.h:
src/engine/failure.h:
/tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h:
