src/common/retry.o: src/common/retry.c src/common/retry.h
src/common/retry.h:
