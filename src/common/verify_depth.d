src/common/verify_depth.o: src/common/verify_depth.c \
 src/common/verify_depth.h
src/common/verify_depth.h:
