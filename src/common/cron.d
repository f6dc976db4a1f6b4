src/common/cron.o: src/common/cron.c src/common/cron.h src/common/clock.h \
 src/common/civil_time.h
src/common/cron.h:
src/common/clock.h:
src/common/civil_time.h:
