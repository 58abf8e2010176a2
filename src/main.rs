//! topicscore: see `topicscore --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    topicscore::cli::main()
}
