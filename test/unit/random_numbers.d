test/unit/random_numbers.o: test/unit/random_numbers.c \
 test/unit/random_numbers.h
test/unit/random_numbers.h:
