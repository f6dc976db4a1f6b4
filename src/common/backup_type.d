src/common/backup_type.o: src/common/backup_type.c \
 src/common/backup_type.h
src/common/backup_type.h:
