test/unit/history.o: test/unit/history.c test/unit/history.h \
 src/common/retention.h src/common/clock.h test/unit/random_numbers.h \
 test/unit/zone.h
test/unit/history.h:
src/common/retention.h:
src/common/clock.h:
test/unit/random_numbers.h:
test/unit/zone.h:
