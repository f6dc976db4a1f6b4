# All that a server does with its repository, in a bucket of Ceph.
use strict;
use warnings;
use ErpgoBucket qw(keeps_all_promises);
use ErpgoS3;
use Test::More;

my $s3 = ErpgoS3->new(PostgreSQL::Test::Utils::tempdir_short() . '/s3');
plan skip_all => 'SKIPPED: recoveries out of object storage were not tested: radosgw is missing' if !$s3;

keeps_all_promises($s3);
done_testing();
