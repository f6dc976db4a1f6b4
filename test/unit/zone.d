test/unit/zone.o: test/unit/zone.c test/unit/zone.h src/common/clock.h \
 src/common/civil_time.h
test/unit/zone.h:
src/common/clock.h:
src/common/civil_time.h:
