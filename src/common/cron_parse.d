src/common/cron_parse.o: src/common/cron_parse.c src/common/cron.h \
 src/common/clock.h
src/common/cron.h:
src/common/clock.h:
