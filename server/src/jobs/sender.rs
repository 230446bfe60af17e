//! Sends what waits for other platforms. // spec §15

use std::time::Duration;

use em2_model::wire::foreign::{Answer, push_to_bytes};
use em2_model::{ConversationKey, Platform};

use crate::federation::client::{Client, Failed};
use crate::service::Service;
use crate::service::foreign::{Left, Parcel};

/// Sends for as long as it is polled.
pub async fn send(service: Service, client: Client) {
    loop {
        for (peer, raised) in service.outbox().raised().await {
            let (service, client) = (service.clone(), client.clone());
            tokio::spawn(async move {
                for conv in raised.convs {
                    let mut wait = Duration::from_millis(100);
                    while let Err(failed) = deliver(&service, &client, &peer, conv).await {
                        tracing::info!(%peer, code = failed.code(), detail = failed.detail(), "a delivery is tried again");
                        tokio::time::sleep(wait).await;
                        wait *= 2;
                    }
                }
            });
        }
    }
}

async fn deliver(
    service: &Service,
    client: &Client,
    peer: &Platform,
    conv: ConversationKey,
) -> Result<(), Failed> {
    while let Ok(Some(parcel)) = service.parcel(peer, conv, 100).await {
        let Parcel {
            epoch,
            records,
            seen,
            ..
        } = &parcel;
        let Ok(body) = push_to_bytes(*epoch, records, seen) else {
            return Ok(());
        };
        let bytes = client.push(peer, 0, conv, body).await?;
        let Ok(answer) = serde_json::from_slice::<Answer>(&bytes) else {
            return Ok(());
        };
        match service.parcel_answered(peer, &parcel, answer).await {
            Ok(Left::More) => {}
            _ => return Ok(()),
        }
    }
    Ok(())
}
