//! What a page shows, read before it is rendered: on the server for the whole page, in the browser for the part of it
//! that another address changes.

use em2_model::id::{ActionKey, ConversationKey, DraftKey};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{
    Conversation, Draft, KitchenSink, ListPage, Message, SearchPage, Session, Versions,
};
use futures::future::join;
use serde::{Deserialize, Serialize};

use super::place::{Listing, Page};
use crate::backend::World;
use crate::components::problem::no_such_page;
use crate::components::row::subject_or;
use crate::paths;

/// Everything on a page. It travels in the page, so that the browser begins with what the server rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    pub session: Session,
    pub listed: Result<Listed, Refusal>,
    pub opened: Result<Opened, Refusal>,
}

/// What the list shows, as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Listed {
    Rows(ListPage),
    Found(SearchPage),
}

/// What stands beside the list, as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Opened {
    Nothing,
    Draft(Draft),
    /// A conversation, or the stretch of it before slot `end`.
    Conversation {
        conversation: Box<Conversation>,
        end: Option<u64>,
    },
    Edit {
        conversation: Box<Conversation>,
        message: Box<Message>,
    },
    History {
        key: ConversationKey,
        versions: Box<Versions>,
    },
    /// It is at another address.
    Elsewhere(String),
}

impl Loaded {
    /// Reads all of a page.
    pub async fn read(world: &World, session: Session, listing: Listing, page: Page) -> Loaded {
        let (listed, opened) = join(list(world.clone(), listing), open(world.clone(), page)).await;
        Loaded {
            session,
            listed,
            opened,
        }
    }

    /// Why what the page is about cannot be shown.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.opened.as_ref().err().or(self.listed.as_ref().err())
    }
}

impl Opened {
    /// What a window is called that shows this; none where the list says it.
    pub fn title(opened: &Result<Opened, Refusal>) -> Option<String> {
        match opened {
            Ok(Opened::Conversation { conversation, .. }) => {
                Some(subject_or(&conversation.subject))
            }
            Ok(Opened::Draft(_)) => Some("New conversation".to_owned()),
            Ok(Opened::Edit { .. }) => Some("Edit".to_owned()),
            Ok(Opened::History { .. }) => Some("Versions".to_owned()),
            Ok(Opened::Nothing | Opened::Elsewhere(_)) => None,
            Err(_) => Some("Not shown".to_owned()),
        }
    }
}

/// Reads the list.
pub async fn list(world: World, listing: Listing) -> Result<Listed, Refusal> {
    match listing {
        Listing::View(query) => world.list(query).await.map(Listed::Rows),
        Listing::Search { q, before } => world.search(q, before).await.map(Listed::Found),
    }
}

/// Reads what stands beside the list.
pub async fn open(world: World, page: Page) -> Result<Opened, Refusal> {
    match page {
        Page::Front => Ok(Opened::Elsewhere(paths::INBOX.to_owned())),
        Page::List => Ok(Opened::Nothing),
        // Nothing is kept before something is written.
        Page::New => Ok(Opened::Elsewhere(paths::draft(world.fresh_draft()))),
        Page::Draft(key) => draft(world, key).await,
        Page::Conversation { key, before } => conversation(world, key, before).await,
        Page::Edit { key, message } => edit(world, key, message).await,
        Page::History { key, message } => {
            let versions = Box::new(world.versions(key, message).await?);
            Ok(Opened::History { key, versions })
        }
        Page::Nowhere => Err(no_such_page()),
    }
}

async fn conversation(
    world: World,
    key: ConversationKey,
    before: Option<u64>,
) -> Result<Opened, Refusal> {
    let mut conversation = match world.conversation(key.into()).await? {
        KitchenSink::Conversation(it) => it,
        KitchenSink::Published { key } => return Ok(Opened::Elsewhere(paths::conversation(key))),
        KitchenSink::Draft(draft) => return Ok(Opened::Elsewhere(paths::draft(draft.key))),
    };
    if let Some(before) = before {
        let older = world.older(key, before).await?;
        conversation.more_before = None;
        conversation.entries.clear();
        conversation.prepend(older);
    }
    Ok(Opened::Conversation {
        conversation,
        end: before,
    })
}

/// A key under which nothing was saved yet is an empty draft.
async fn draft(world: World, key: DraftKey) -> Result<Opened, Refusal> {
    match world.conversation(key.into()).await {
        Ok(KitchenSink::Draft(draft)) => Ok(Opened::Draft(draft)),
        Ok(KitchenSink::Published { key }) => Ok(Opened::Elsewhere(paths::conversation(key))),
        Ok(KitchenSink::Conversation(it)) => Ok(Opened::Elsewhere(paths::conversation(it.key))),
        Err(refusal) if refusal.code == Code::NoDraft => Ok(Opened::Draft(empty(key))),
        Err(refusal) => Err(refusal),
    }
}

/// A draft in which nothing was written yet.
pub fn empty(key: DraftKey) -> Draft {
    Draft {
        key,
        subject: String::new(),
        to: String::new(),
        text: String::new(),
        version: 0,
        saved: None,
        refused: None,
    }
}

/// A message within its conversation; one that is not among the newest comes with its versions.
async fn edit(world: World, key: ConversationKey, message: ActionKey) -> Result<Opened, Refusal> {
    let KitchenSink::Conversation(conversation) = world.conversation(key.into()).await? else {
        return Err(no_such_page());
    };
    let message = match conversation.message(message) {
        Some(message) => message.clone(),
        None => world.versions(key, message).await?.message,
    };
    Ok(Opened::Edit {
        conversation,
        message: Box::new(message),
    })
}
