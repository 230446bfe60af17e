//! `server route`: where other platforms are found. // spec §2

use clap::Subcommand;
use em2_model::Address;
use server::config::Config;
use server::error::Error;
use server::federation::discovery::Discovery;
use server::federation::route::check;
use server::open_web;

/// What can be asked of other platforms.
#[derive(Subcommand)]
pub(crate) enum Route {
    /// Say step by step where an address is reached
    Check { address: String },
}

/// Prints each step; one that ends the search ends the program with its sentence.
pub(crate) async fn run(config: &Config, command: Route) -> Result<(), Error> {
    let Route::Check { address } = command;
    let address = Address::parse_typed(&address)?;
    let discovery = Discovery::new(open_web(config.routes.as_deref())?);
    for step in check(&discovery, &address).await {
        match step.found {
            Ok(found) => println!("{}\n    {found}", step.what),
            Err(why) => return Err(Error::new(format!("{}\n    {why}", step.what))),
        }
    }
    Ok(())
}
