src/common/compression.o: src/common/compression.c \
 src/common/compression.h
src/common/compression.h:
