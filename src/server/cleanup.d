src/server/cleanup.o: src/server/cleanup.c \
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
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_type.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/genbki.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/objectaddress.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/htup.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/itemptr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/block.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/off.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/itemid.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/parsenodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/bitmapset.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/lockoptions.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/primnodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/attnum.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/pg_list.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/value.h \
 /tmp/hB-root/usr/include/postgresql/15/server/partitioning/partdefs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/lockdefs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/relcache.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/tupdesc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlogdefs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute_d.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_type_d.h \
 /tmp/hB-root/usr/include/postgresql/15/server/executor/spi.h \
 /tmp/hB-root/usr/include/postgresql/15/server/commands/trigger.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/tableam.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/relscan.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/htup_details.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/transam.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/tupmacs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/int.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/bufpage.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/item.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/itup.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/arch-x86.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic-gcc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/fallback.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/buf.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/spin.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/s_lock.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/sdir.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xact.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlogreader.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlogrecord.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/rmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/rmgrlist.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/pg_crc32c.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/pg_bswap.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/relfilenode.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/relpath.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/catversion.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/backendid.h \
 /tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h \
 /tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/sinval.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/guc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/tcop/dest.h \
 /tmp/hB-root/usr/include/postgresql/15/server/executor/tuptable.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/sysattr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtag.h \
 /tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtaglist.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/array.h \
 /tmp/hB-root/usr/include/postgresql/15/server/fmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/rel.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlog.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_class.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_class_d.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_index.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_index_d.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_publication.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_publication_d.h \
 /tmp/hB-root/usr/include/postgresql/15/server/rewrite/prs2lock.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/smgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/lib/ilist.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/reltrigger.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/snapshot.h \
 /tmp/hB-root/usr/include/postgresql/15/server/lib/pairingheap.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/execnodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/tupconvert.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/attmap.h \
 /tmp/hB-root/usr/include/postgresql/15/server/executor/instrument.h \
 /tmp/hB-root/usr/include/postgresql/15/server/portability/instr_time.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/params.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/plannodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/stratnum.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/tidbitmap.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/dsa.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/dsm.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/dsm_impl.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/condition_variable.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/proclist_types.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/hsearch.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/queryenvironment.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/sharedtuplestore.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/fd.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/sharedfileset.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/fileset.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/sortsupport.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/tuplesort.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/tuplestore.h \
 /tmp/hB-root/usr/include/postgresql/15/server/lib/simplehash.h \
 /tmp/hB-root/usr/include/postgresql/15/server/port/pg_bitutils.h \
 /tmp/hB-root/usr/include/postgresql/15/server/parser/parser.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/portal.h \
 /tmp/hB-root/usr/include/postgresql/15/server/executor/execdesc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/plancache.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/resowner.h \
 /tmp/hB-root/usr/include/postgresql/15/server/funcapi.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/tupdesc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/executor/executor.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/memutils.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/memnodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/executor/tuptable.h \
 /tmp/hB-root/usr/include/postgresql/15/server/fmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/builtins.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/fmgrprotos.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/snapmgr.h \
 src/server/session.h src/server/job_slot.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/latch.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/lwlock.h \
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
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_type.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/genbki.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/objectaddress.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/htup.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/itemptr.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/block.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/off.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/itemid.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/parsenodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/bitmapset.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/lockoptions.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/primnodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/attnum.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/pg_list.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/value.h:
/tmp/hB-root/usr/include/postgresql/15/server/partitioning/partdefs.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/lockdefs.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/relcache.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/tupdesc.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlogdefs.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute_d.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_type_d.h:
/tmp/hB-root/usr/include/postgresql/15/server/executor/spi.h:
/tmp/hB-root/usr/include/postgresql/15/server/commands/trigger.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/tableam.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/relscan.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/htup_details.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/transam.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/tupmacs.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/int.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/bufpage.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/item.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/itup.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/arch-x86.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic-gcc.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/fallback.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/atomics/generic.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/buf.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/spin.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/s_lock.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/sdir.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xact.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlogreader.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlogrecord.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/rmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/rmgrlist.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/pg_crc32c.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/pg_bswap.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/relfilenode.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/relpath.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/catversion.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/backendid.h:
/tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h:
/tmp/hB-root/usr/include/postgresql/15/server/lib/stringinfo.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/sinval.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/guc.h:
/tmp/hB-root/usr/include/postgresql/15/server/tcop/dest.h:
/tmp/hB-root/usr/include/postgresql/15/server/executor/tuptable.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/sysattr.h:
/tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtag.h:
/tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtaglist.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/array.h:
/tmp/hB-root/usr/include/postgresql/15/server/fmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/rel.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlog.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_class.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_class_d.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_index.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_index_d.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_publication.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_publication_d.h:
/tmp/hB-root/usr/include/postgresql/15/server/rewrite/prs2lock.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/smgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/lib/ilist.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/reltrigger.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/snapshot.h:
/tmp/hB-root/usr/include/postgresql/15/server/lib/pairingheap.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/execnodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/tupconvert.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/attmap.h:
/tmp/hB-root/usr/include/postgresql/15/server/executor/instrument.h:
/tmp/hB-root/usr/include/postgresql/15/server/portability/instr_time.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/params.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/plannodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/stratnum.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/tidbitmap.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/dsa.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/dsm.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/dsm_impl.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/condition_variable.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/proclist_types.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/hsearch.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/queryenvironment.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/sharedtuplestore.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/fd.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/sharedfileset.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/fileset.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/sortsupport.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/tuplesort.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/tuplestore.h:
/tmp/hB-root/usr/include/postgresql/15/server/lib/simplehash.h:
/tmp/hB-root/usr/include/postgresql/15/server/port/pg_bitutils.h:
/tmp/hB-root/usr/include/postgresql/15/server/parser/parser.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/portal.h:
/tmp/hB-root/usr/include/postgresql/15/server/executor/execdesc.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/plancache.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/resowner.h:
/tmp/hB-root/usr/include/postgresql/15/server/funcapi.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/tupdesc.h:
/tmp/hB-root/usr/include/postgresql/15/server/executor/executor.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/memutils.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/memnodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/executor/tuptable.h:
/tmp/hB-root/usr/include/postgresql/15/server/fmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/builtins.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/fmgrprotos.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/snapmgr.h:
src/server/session.h:
src/server/job_slot.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/latch.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/lwlock.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/lwlocknames.h:
src/common/backup_id.h:
src/common/backup_type.h:
src/common/verify_depth.h:
