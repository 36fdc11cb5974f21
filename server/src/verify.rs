//! `patchbay verify`: the whole ledger, entry by entry.

use crate::config::VerifyOptions;
use crate::say::say;
use crate::serve::DATABASE;
use patchbay_store::Store;
use std::error::Error;

/// Checks the ledger and prints what was found.
///
/// # Errors
/// When the database cannot be opened, or an entry does not hold; the error names the first such entry.
pub async fn run(options: VerifyOptions) -> Result<(), Box<dyn Error>> {
    let path = options.data.join(DATABASE);
    if !path.exists() {
        return Err(
            format!("There is no database at {}. Name the folder with --data.", path.display()).into()
        );
    }
    if std::fs::metadata(&path)?.len() == 0 {
        return Err(format!("{} is empty: no history was ever written to it.", path.display()).into());
    }
    let store = Store::open(&path).await?;
    let verified = store.verify().await;
    store.close().await;
    let verified = verified?;
    let (entries, head) = (verified.entries, verified.head);
    Ok(say(format_args!("The ledger holds together: {entries} entries, head {head}."))?)
}
