src/common/retention.o: src/common/retention.c src/common/retention.h \
 src/common/clock.h src/common/civil_time.h
src/common/retention.h:
src/common/clock.h:
src/common/civil_time.h:
