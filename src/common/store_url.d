src/common/store_url.o: src/common/store_url.c src/common/store_url.h
src/common/store_url.h:
