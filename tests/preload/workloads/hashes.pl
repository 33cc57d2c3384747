# A hash, a sort, regular expressions.
use strict;
my %seen;
my $state = 12345;
for my $i (1 .. 60000) {
    $state = ($state * 1103515245 + 12345) % 2147483648;
    push @{ $seen{ sprintf "k%04d", $state % 5000 } }, "v$state" . ("x" x ($state % 60));
}
my @order = sort { @{ $seen{$b} } <=> @{ $seen{$a} } || $a cmp $b } keys %seen;
print join(" ", map { "$_:" . @{ $seen{$_} } } @order[0 .. 9]), "\n";
my $text = join "\n", map { join ",", @{ $seen{$_} } } @order;
my $found = () = $text =~ /v(\d+)7x{3,9}\b/g;
(my $changed = $text) =~ s/v(\d)(\d+)/$2-$1/g;
print length($text), " $found ", length($changed), " ", unpack("%32C*", $changed), "\n";
my @parts = split /[,\n]/, $changed;
print scalar(@parts), " ", (sort @parts)[17], "\n";
delete $seen{$_} for @order[0 .. 2500];
print scalar(keys %seen), "\n";
