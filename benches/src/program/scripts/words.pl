# Words, hashes of hashes, lists and regular expressions; the argument says how many.
use strict;
use warnings;

my $count = shift;
my $seed  = 42;

sub draw {
    $seed = ($seed * 1103515245 + 12345) & 0x7FFFFFFF;
    return $seed >> 8;
}

my (%seen, %by_length, @window);
my $total = 0;
for my $number (1 .. $count) {
    my $word = join '', map { chr(97 + draw() % 26) } 1 .. 3 + draw() % 12;
    push @{ $seen{ substr $word, 0, 2 }{$word} }, $number;
    $by_length{ length $word } .= "$word,";
    push @window, [ map { "$word$_" } 1 .. draw() % 6 ];
    $total += @{ splice @window, draw() % 1000, 1 } if @window > 1000;
}
for my $length (sort { $a <=> $b } keys %by_length) {
    my @sorted = sort split /,/, $by_length{$length};
    (my $text = "@sorted") =~ s/([aeiou])([^aeiou ]+)/<$1$2>/g;
    print "$length ", scalar @sorted, ' ', length $text, " $sorted[0]\n";
}
my $held = 0;
for my $start (sort keys %seen) {
    $held += @{ $seen{$start}{$_} } for sort keys %{ $seen{$start} };
    delete $seen{$start} if $held % 2;
}
print "$total $held ", scalar keys %seen, "\n";
