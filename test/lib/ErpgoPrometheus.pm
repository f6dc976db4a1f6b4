# A real Prometheus that looks at a metrics file every second, for tests.
#
#   my $prometheus = ErpgoPrometheus->start($file, rules => 'rules.yml');
#   my $series = $prometheus->query('erpgo_backup_info');
#   $prometheus->stop;
package ErpgoPrometheus;

use strict;
use warnings;
use ErpgoBackup qw(read_file wait_for write_file);
use IO::Socket::INET;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils ();
use Time::HiRes ();

# Is there a Prometheus to be started?
sub is_available { return scalar grep { -x "$_/prometheus" } split /:/, $ENV{PATH}; }

# Answers whoever asks with a file, in a process of its own: its address and
# identifier.
sub serve_file
{
	my ($path) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "listen: $!";
	my $pid = fork();

	die "fork: $!" unless defined $pid;
	return ('127.0.0.1:' . $listener->sockport, $pid) if $pid;
	while (my $client = $listener->accept)
	{
		while (my $line = <$client>) { last if $line =~ /^\s*$/; }
		print $client "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n", read_file($path);
		close($client);
	}
	exit(0);
}

# Starts one for a file with metrics that exists, with a file of rules, and
# waits until it answers.
sub start
{
	my ($class, $path, %options) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my ($target, $web_server) = serve_file($path);
	my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $!";
	my $self = bless {
		address => '127.0.0.1:' . $free->sockport,
		target => $target,
		web_server => $web_server
	}, $class;

	close($free);
	write_file("$folder/rules.yml", read_file($options{rules}));
	write_file("$folder/prometheus.yml", <<"END");
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: backup
    static_configs: [{targets: ['$target']}]
END
	$self->{handle} = IPC::Run::start(
		[ 'prometheus', "--config.file=$folder/prometheus.yml", "--storage.tsdb.path=$folder/data",
			"--web.listen-address=$self->{address}", '--log.level=warn' ],
		'<', \undef, '&>', "$folder/prometheus.log");
	wait_for('Prometheus', sub { $self->ask('query', query => 'up') });
	return $self;
}

# What is scraped: the value of the label "instance".
sub target { return $_[0]->{target}; }

# Asks its HTTP API: the "data" of the answer; undef as long as nobody answers,
# and death with its reason where it refuses.
sub ask
{
	my ($self, $call, %arguments) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => $self->{address}) or return;
	my $encode = sub { return $_[0] =~ s/([^A-Za-z0-9_.-])/sprintf('%%%02X', ord($1))/ger; };
	my $query = join('&', map { $encode->($_) . '=' . $encode->($arguments{$_}) } sort keys %arguments);

	print $socket "GET /api/v1/$call?$query HTTP/1.0\r\nHost: $self->{address}\r\n\r\n";
	local $/ = undef;
	my ($body) = (<$socket> // '') =~ /\r\n\r\n(.*)/s or return;
	my $answer = eval { JSON::PP::decode_json($body) } or return;
	die "Prometheus: $answer->{error}\n" unless $answer->{status} eq 'success';
	return $answer->{data};
}

# The series that an expression has now.
sub query { return $_[0]->ask('query', query => $_[1])->{result}; }

# The series that it had in the last minutes.
sub query_range
{
	my ($self, $expression) = @_;
	my $now = Time::HiRes::time();

	return $self->ask('query_range', query => $expression, start => $now - 600, end => $now, step => 1)->{result};
}

# The state of an alert: pending, firing, or none.
sub alert_state
{
	my ($self, $name) = @_;
	my %states = map { $_->{labels}{alertname} => $_->{state} } @{ $self->ask('alerts')->{alerts} };

	return $states{$name} // 'none';
}

sub stop
{
	my ($self) = @_;
	my $handle = delete $self->{handle} or return;

	$handle->signal('TERM');
	$handle->finish;
	kill('TERM', $self->{web_server});
	waitpid($self->{web_server}, 0);
	return;
}

# A test that dies leaves nothing running.
sub DESTROY
{
	local $? = $?;
	$_[0]->stop;
	return;
}

1;
