src/common/retention_text.o: src/common/retention_text.c \
 src/common/retention.h src/common/clock.h
src/common/retention.h:
src/common/clock.h:
