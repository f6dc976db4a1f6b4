# erpgo_backup: the server library, the engine and the extension.
#
#   make, make install   for the PostgreSQL that PG_CONFIG names
#   make quickstart      a private server, backed up and restored, from nothing
#   make test            installs what is needed, builds, runs every test
#
# Parts of "make test": check-layers, lint, unitcheck, installcheck.
# Further: test-long, bench, indent.
EXTENSION = erpgo_backup
MODULE_big = erpgo_backup
DATA_built = sql/erpgo_backup--1.0.sql

PG_CONFIG ?= pg_config
# Bitcode would only serve to inline our functions into queries.
override with_llvm := no

objects = $(patsubst %.c,%.o,$(sort $(wildcard $(1))))
COMMON_OBJS = $(call objects,src/common/*.c)
SERVER_OBJS = $(call objects,src/server/*.c)
ENGINE_OBJS = $(call objects,src/engine/*.c src/engine/*/*.c)
ENGINE = src/engine/erpgo_backup

# Each test_*.c is a program; what else lies beside them is linked into all.
UNIT_DIR = build/unit
UNIT_OBJS = $(call objects,test/unit/*.c)
UNIT_SHARED_OBJS = $(filter-out test/unit/test_%,$(UNIT_OBJS))
UNIT_TESTS = $(patsubst test/unit/%.c,$(UNIT_DIR)/%,$(sort $(wildcard test/unit/test_*.c)))

# Answers what another implementation is asked as well.
ORACLE_OBJS = test/oracle/cron_runs.o
ORACLE = build/oracle/cron_runs

OBJS = $(SERVER_OBJS) $(COMMON_OBJS)
ALL_OBJS = $(OBJS) $(ENGINE_OBJS) $(UNIT_OBJS) $(ORACLE_OBJS)
EXTRA_CLEAN = $(ENGINE) $(ENGINE_OBJS) $(UNIT_OBJS) $(ORACLE_OBJS) $(ALL_OBJS:.o=.d) \
	$(UNIT_DIR) $(dir $(ORACLE))

# Ours makes a server of its own.
NO_INSTALLCHECK = 1

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(PGXS),)
# The scripts install what is missing; nothing else works without it.
ifneq ($(filter-out quickstart test test-long bench installcheck,$(or $(MAKECMDGOALS),all)),)
$(error there is no PostgreSQL to build for: set PG_CONFIG to its pg_config, or run tools/install-dependencies)
endif
endif
include $(PGXS)

WARNINGS = -Wextra -Wshadow -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers $(if $(WERROR),-Werror)
DEPENDENCIES = -MMD -MP
ENGINE_LIBS = -L$(pkglibdir) -L$(libdir) -lpgcommon -lpgport -lpq \
	-lzstd -llz4 -lz -ldeflate -lcrypto -lcurl -lssh2 -lexpat -ljansson -lmicrohttpd -lm

# The script of the extension, in the order of the names of its parts.
sql/erpgo_backup--1.0.sql: $(sort $(wildcard sql/extension/*.sql))
	cat $^ > $@

# The layers: common sees no PostgreSQL, the server library no engine.
$(COMMON_OBJS) $(ORACLE_OBJS): override CPPFLAGS = -Isrc $(DEPENDENCIES)
$(COMMON_OBJS) $(ORACLE_OBJS): override CFLAGS := -O2 -g -fPIC -std=gnu99 -Wall -Werror=implicit $(WARNINGS) $(COPT)
$(SERVER_OBJS): override CPPFLAGS := -Isrc -Isrc/server $(CPPFLAGS) $(DEPENDENCIES)
$(SERVER_OBJS): override CFLAGS += $(WARNINGS)
$(ENGINE_OBJS) $(UNIT_OBJS): override CPPFLAGS := -DFRONTEND -Isrc -Isrc/engine -I$(includedir) $(CPPFLAGS) $(DEPENDENCIES)
$(ENGINE_OBJS) $(UNIT_OBJS): override CFLAGS += $(WARNINGS)
$(UNIT_OBJS): override CPPFLAGS += -Itest/unit

# Checksums of pages are worth what the server's own build gives them.
src/engine/cluster/page.o: override CFLAGS += $(CFLAGS_UNROLL_LOOPS) $(CFLAGS_VECTORIZE)

-include $(wildcard $(ALL_OBJS:.o=.d))

all: $(ENGINE)

$(ENGINE): $(ENGINE_OBJS) $(COMMON_OBJS)
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDFLAGS_EX) $(ENGINE_LIBS) -o $@

install: install-engine
install-engine: $(ENGINE)
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	$(INSTALL_PROGRAM) $(ENGINE) '$(DESTDIR)$(bindir)/erpgo_backup'

uninstall: uninstall-engine
uninstall-engine:
	rm -f '$(DESTDIR)$(bindir)/erpgo_backup'

$(UNIT_TESTS): $(UNIT_DIR)/%: test/unit/%.o $(UNIT_SHARED_OBJS) $(COMMON_OBJS) \
		$(filter-out src/engine/main.o,$(ENGINE_OBJS))
	@$(MKDIR_P) $(@D)
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDFLAGS_EX) $(ENGINE_LIBS) -lcmocka -o $@

$(ORACLE): $(ORACLE_OBJS) $(COMMON_OBJS)
	@$(MKDIR_P) $(@D)
	$(CC) $(CFLAGS) $^ $(LDFLAGS) -o $@

unit-programs: $(UNIT_TESTS) $(ORACLE)

unitcheck: unit-programs
	tools/tap --jobs 2 $(UNIT_TESTS) test/oracle/cron_against_croniter.py

# These make a private server, and build in a folder of their own.
quickstart:
	PG_CONFIG='$(PG_CONFIG)' tools/quickstart
test:
	PG_CONFIG='$(PG_CONFIG)' tools/run-tests
test-long:
	PG_CONFIG='$(PG_CONFIG)' tools/run-tests --long
installcheck:
	PG_CONFIG='$(PG_CONFIG)' tools/run-tests regress
bench:
	PG_CONFIG='$(PG_CONFIG)' bench/logical
	PG_CONFIG='$(PG_CONFIG)' bench/physical
	PG_CONFIG='$(PG_CONFIG)' bench/restore
	PG_CONFIG='$(PG_CONFIG)' bench/wal
	PG_CONFIG='$(PG_CONFIG)' bench/load
	PG_CONFIG='$(PG_CONFIG)' bench/s3

check-layers: all
	PG_CONFIG='$(PG_CONFIG)' tools/check-layers

lint:
	PG_CONFIG='$(PG_CONFIG)' tools/lint

indent:
	tools/indent

.PHONY: install-engine uninstall-engine unit-programs unitcheck quickstart \
	test test-long bench installcheck check-layers lint indent
