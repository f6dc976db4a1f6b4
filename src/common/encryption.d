src/common/encryption.o: src/common/encryption.c src/common/encryption.h
src/common/encryption.h:
