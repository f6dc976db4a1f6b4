src/server/cleanup_job.o: src/server/cleanup_job.c \
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
 /tmp/hB-root/usr/include/postgresql/15/server/access/xact.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/transam.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlogdefs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlogreader.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlogrecord.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/rmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/rmgrlist.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/pg_crc32c.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/pg_bswap.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/block.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/relfilenode.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/relpath.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/catversion.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/backendid.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/buf.h \
 /tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h \
 /tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/pg_list.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/sinval.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/memutils.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/memnodes.h \
 src/server/cleanup_job.h src/server/engine_protocol.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/jsonb.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/array.h \
 /tmp/hB-root/usr/include/postgresql/15/server/fmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/numeric.h \
 src/server/job_slot.h \
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
 src/common/verify_depth.h src/server/history.h src/server/settings.h
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
/tmp/hB-root/usr/include/postgresql/15/server/access/xact.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/transam.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlogdefs.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlogreader.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlogrecord.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/rmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/rmgrlist.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/pg_crc32c.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/pg_bswap.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/block.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/relfilenode.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/relpath.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/catversion.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/backendid.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/buf.h:
/tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h:
/tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/pg_list.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/sinval.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/memutils.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/memnodes.h:
src/server/cleanup_job.h:
src/server/engine_protocol.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/jsonb.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/array.h:
/tmp/hB-root/usr/include/postgresql/15/server/fmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/numeric.h:
src/server/job_slot.h:
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
src/server/history.h:
src/server/settings.h:
