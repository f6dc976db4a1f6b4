src/server/settings.o: src/server/settings.c \
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
 /tmp/hB-root/usr/include/postgresql/15/server/miscadmin.h \
 /tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pgtime.h \
 /tmp/hB-root/usr/include/postgresql/15/server/pgtime.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/guc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/parsenodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/bitmapset.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/lockoptions.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/primnodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/attnum.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/pg_list.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h \
 /tmp/hB-root/usr/include/postgresql/15/server/nodes/value.h \
 /tmp/hB-root/usr/include/postgresql/15/server/partitioning/partdefs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/tcop/dest.h \
 /tmp/hB-root/usr/include/postgresql/15/server/executor/tuptable.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/htup.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/itemptr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/block.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/off.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/itemid.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/htup_details.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/transam.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/xlogdefs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/tupdesc.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/genbki.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute_d.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/tupmacs.h \
 /tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_type_d.h \
 /tmp/hB-root/usr/include/postgresql/15/server/common/int.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/bufpage.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/item.h \
 /tmp/hB-root/usr/include/postgresql/15/server/access/sysattr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/storage/buf.h \
 /tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtag.h \
 /tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtaglist.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/array.h \
 /tmp/hB-root/usr/include/postgresql/15/server/fmgr.h \
 /tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h \
 src/common/compression.h src/common/encryption.h \
 src/common/object_name.h src/common/retention.h src/common/clock.h \
 src/common/store_url.h src/common/verify_depth.h src/server/settings.h
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
/tmp/hB-root/usr/include/postgresql/15/server/miscadmin.h:
/tmp/hB-root/usr/include/postgresql/15/server/datatype/timestamp.h:
/tmp/hB-root/usr/include/postgresql/15/server/pgtime.h:
/tmp/hB-root/usr/include/postgresql/15/server/pgtime.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/guc.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/parsenodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/bitmapset.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/lockoptions.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/primnodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/attnum.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/pg_list.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/nodes.h:
/tmp/hB-root/usr/include/postgresql/15/server/nodes/value.h:
/tmp/hB-root/usr/include/postgresql/15/server/partitioning/partdefs.h:
/tmp/hB-root/usr/include/postgresql/15/server/tcop/dest.h:
/tmp/hB-root/usr/include/postgresql/15/server/executor/tuptable.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/htup.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/itemptr.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/block.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/off.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/itemid.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/htup_details.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/transam.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/xlogdefs.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/tupdesc.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/genbki.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_attribute_d.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/tupmacs.h:
/tmp/hB-root/usr/include/postgresql/15/server/catalog/pg_type_d.h:
/tmp/hB-root/usr/include/postgresql/15/server/common/int.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/bufpage.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/item.h:
/tmp/hB-root/usr/include/postgresql/15/server/access/sysattr.h:
/tmp/hB-root/usr/include/postgresql/15/server/storage/buf.h:
/tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtag.h:
/tmp/hB-root/usr/include/postgresql/15/server/tcop/cmdtaglist.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/array.h:
/tmp/hB-root/usr/include/postgresql/15/server/fmgr.h:
/tmp/hB-root/usr/include/postgresql/15/server/utils/expandeddatum.h:
src/common/compression.h:
src/common/encryption.h:
src/common/object_name.h:
src/common/retention.h:
src/common/clock.h:
src/common/store_url.h:
src/common/verify_depth.h:
src/server/settings.h:
