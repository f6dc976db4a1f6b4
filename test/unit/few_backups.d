test/unit/few_backups.o: test/unit/few_backups.c test/unit/few_backups.h \
 src/common/retention.h src/common/clock.h test/unit/zone.h
test/unit/few_backups.h:
src/common/retention.h:
src/common/clock.h:
test/unit/zone.h:
