src/common/backup_id.o: src/common/backup_id.c src/common/backup_id.h \
 src/common/backup_type.h
src/common/backup_id.h:
src/common/backup_type.h:
