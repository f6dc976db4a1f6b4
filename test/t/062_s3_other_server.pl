# The same on a server of object storage that another house built: it knows no
# conditional requests, so that claims decide who may make an object.
use strict;
use warnings;
use ErpgoBucket qw(keeps_all_promises);
use ErpgoS3;
use Test::More;

my $s3 = ErpgoS3->new(PostgreSQL::Test::Utils::tempdir_short() . '/s3', 'swift');
plan skip_all => 'SKIPPED: a second server of object storage was not tested: swift-proxy is missing' if !$s3;

my ($code, $out, $err) = $s3->run_conformance;
is($code, 0, 'its bucket keeps all promises of a store') or diag($out, $err);
my $server = keeps_all_promises($s3);

# It looks at the region that a request is signed for.
$server->{url} = $s3->url('some/where', region => 'elsewhere');
($code, $out, $err) = $server->cli('list');
is($code, 1, 'another region is refused');
like($err, qr/could not list repository "s3:.*status 400 \(AuthorizationHeaderMalformed\).*hint: Check region and endpoint/s, 'saying what to do');
done_testing();
