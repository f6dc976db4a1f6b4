src/common/object_name.o: src/common/object_name.c \
 src/common/object_name.h
src/common/object_name.h:
