# A network between a test and the servers that it starts, which can be cut.
#
#   my $refusal;
#   BEGIN { $refusal = ErpgoNetwork::enter(); }
#   my $network = $refusal ? undef : ErpgoNetwork->new;
#   my $s3 = ErpgoS3->new($folder, 'ceph', $network);
#   $network->cut(1);
#
# The test is run again in a network of its own, with nothing in it but a
# cable to a second one, where the servers are.
package ErpgoNetwork;

use strict;
use warnings;
use ErpgoBackup ();
use IPC::Run ();

my $NEAR = '10.77.0.1';
my $FAR = '10.77.0.2';
my @ENTER = qw(unshare --user --map-current-user --keep-caps --net);

# Runs the test anew where it may make networks.  Returns there, undef, or
# where that is not permitted, why.  In a BEGIN block, before PostgreSQL's
# library for tests takes the standard output.
sub enter
{
	return undef if $ENV{ERPGO_BACKUP_TEST_NETWORK};
	my ($code, $out, $err) = ErpgoBackup::run_program(@ENTER, 'ip', 'link', 'set', 'lo', 'up');
	return $err || "unshare exited with $code" if $code != 0;
	$ENV{ERPGO_BACKUP_TEST_NETWORK} = 1;
	exec(@ENTER, $^X, (map { "-I$_" } @INC), $0) or die "unshare: $!";
}

sub run_or_die
{
	my (@command) = @_;
	my ($code, $out, $err) = ErpgoBackup::run_program(@command);

	die "@command: $err" if $code != 0;
	return;
}

# Makes the second network, and the cable.
sub new
{
	my ($class) = @_;
	my $out = '';
	my $self = bless {}, $class;

	# It is there as long as a process is in it.
	$self->{holder} = IPC::Run::start([ 'unshare', '--net', 'sh', '-c', 'echo $$; exec sleep 86400' ], '<', \undef, '>', \$out);
	$self->{holder}->pump while $self->{holder}->pumpable && $out !~ /\n/;
	($self->{pid}) = $out =~ /^(\d+)\n/ or die 'no second network can be made';
	run_or_die(qw(ip link set lo up));
	run_or_die(qw(ip link add near type veth peer name far netns), $self->{pid});
	run_or_die(qw(ip address add), "$NEAR/30", qw(dev near));
	run_or_die(qw(ip link set near up));
	run_or_die($self->inside, qw(ip address add), "$FAR/30", qw(dev far));
	run_or_die($self->inside, qw(ip link set), $_, 'up') foreach qw(lo far);
	return $self;
}

# What a command begins with that is to run in the second network.
sub inside { return ('nsenter', "--net=/proc/$_[0]->{pid}/ns/net"); }

# Where servers in there are reached.
sub address { return $FAR; }

# Pulls the cable out at their end, or puts it in again.
sub cut
{
	my ($self, $is_cut) = @_;

	run_or_die($self->inside, qw(ip link set far), $is_cut ? 'down' : 'up');
	return;
}

# By its number, for at the end of the test the holder may be destroyed before.
sub DESTROY
{
	kill KILL => $_[0]->{pid} if $_[0]->{pid};
	return;
}

1;
