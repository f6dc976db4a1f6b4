src/common/civil_time.o: src/common/civil_time.c src/common/civil_time.h \
 src/common/clock.h
src/common/civil_time.h:
src/common/clock.h:
