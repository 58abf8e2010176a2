//! topicscore: from the command line to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    topicscore::cli::main()
}
