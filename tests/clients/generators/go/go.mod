module tasks

go 1.23

require gopkg.in/validator.v2 v2.0.1

// The Go module proxy may be out of reach.
replace gopkg.in/validator.v2 => ./validator
