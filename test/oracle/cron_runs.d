test/oracle/cron_runs.o: test/oracle/cron_runs.c src/common/cron.h \
 src/common/clock.h
src/common/cron.h:
src/common/clock.h:
