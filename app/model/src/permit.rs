//! Who may do what, from role and authorship alone: the server refuses and the page greys out
//! by these functions. // spec §9, Roles

use crate::participant::Role;

/// `message.add`; `answering` if it has a parent.
pub fn add_message(role: Role, answering: bool) -> bool {
    role >= if answering {
        Role::Comment
    } else {
        Role::Write
    }
}

/// `message.modify`, `remove`, `recover`, `lock` and `release`; `own` if by its author.
pub fn change_message(role: Role, own: bool) -> bool {
    role >= if own { Role::Comment } else { Role::Edit }
}

/// `message.redact`; `own` if by its author.
pub fn redact_message(role: Role, own: bool) -> bool {
    role >= if own { Role::Comment } else { Role::Admin }
}

/// `attachment.add`, which only the author of the message does.
pub fn add_attachment(role: Role, own: bool) -> bool {
    own && role >= Role::Write
}

/// `attachment.remove`; `own` if by the author of the message.
pub fn remove_attachment(role: Role, own: bool) -> bool {
    role >= if own { Role::Write } else { Role::Edit }
}

/// `subject.modify`, `lock` and `release`.
pub fn change_subject(role: Role) -> bool {
    role >= Role::Edit
}

/// `label.add` and `label.remove`.
pub fn change_labels(role: Role) -> bool {
    role >= Role::Edit
}

/// `expiry.modify`.
pub fn change_expiry(role: Role) -> bool {
    role >= Role::Admin
}

/// `participant.add` of somebody with the role `given`.
pub fn add_participant(role: Role, given: Role) -> bool {
    role >= Role::Write && may_give(role, given)
}

/// `participant.modify` of somebody who has the role `theirs`; `given` if it changes.
pub fn modify_participant(role: Role, theirs: Role, given: Option<Role>) -> bool {
    role >= Role::Admin && theirs < role && given.is_none_or(|given| may_give(role, given))
}

/// `participant.remove` of somebody who has the role `theirs`; oneself is leaving.
pub fn remove_participant(role: Role, theirs: Role, oneself: bool) -> bool {
    oneself || (role >= Role::Admin && theirs < role)
}

/// `conversation.transfer`, which falls to admins when the owner has left.
pub fn transfer(role: Role, owner_present: bool) -> bool {
    role == Role::Owner || (!owner_present && role >= Role::Admin)
}

/// A role at most one's own and below owner.
fn may_give(role: Role, given: Role) -> bool {
    given <= role && given < Role::Owner
}

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{Admin, Comment, Edit, Owner, Read, Write};

    /// The lowest role that passes, of all roles that do.
    fn from(allowed: impl Fn(Role) -> bool) -> Option<Role> {
        let first = Role::ALL.iter().copied().find(|role| allowed(*role));
        let above = Role::ALL
            .iter()
            .filter(|role| Some(**role) >= first && first.is_some());
        assert!(above.copied().all(&allowed), "a higher role may do less");
        first
    }

    #[test]
    fn the_table_of_section_9() {
        assert_eq!(from(|r| add_message(r, true)), Some(Comment));
        assert_eq!(from(|r| add_message(r, false)), Some(Write));
        assert_eq!(from(|r| change_message(r, true)), Some(Comment));
        assert_eq!(from(|r| change_message(r, false)), Some(Edit));
        assert_eq!(from(|r| redact_message(r, true)), Some(Comment));
        assert_eq!(from(|r| redact_message(r, false)), Some(Admin));
        assert_eq!(from(|r| add_attachment(r, true)), Some(Write));
        assert_eq!(from(|r| add_attachment(r, false)), None);
        assert_eq!(from(|r| remove_attachment(r, true)), Some(Write));
        assert_eq!(from(|r| remove_attachment(r, false)), Some(Edit));
        assert_eq!(from(change_subject), Some(Edit));
        assert_eq!(from(change_labels), Some(Edit));
        assert_eq!(from(change_expiry), Some(Admin));
        assert_eq!(from(|r| transfer(r, true)), Some(Owner));
        assert_eq!(from(|r| transfer(r, false)), Some(Admin));
    }

    #[test]
    fn nobody_gives_more_than_they_have_and_nobody_makes_an_owner() {
        assert!(!add_participant(Comment, Read));
        assert!(add_participant(Write, Write) && !add_participant(Write, Edit));
        assert!(add_participant(Owner, Admin) && !add_participant(Owner, Owner));
    }

    #[test]
    fn only_lower_roles_are_changed_or_removed() {
        assert!(modify_participant(Admin, Edit, Some(Admin)));
        assert!(!modify_participant(Admin, Admin, None), "an equal");
        assert!(!modify_participant(Admin, Owner, Some(Read)), "the creator");
        assert!(!modify_participant(Edit, Read, None));
        assert!(!modify_participant(Owner, Admin, Some(Owner)));
        assert!(remove_participant(Read, Read, true) && remove_participant(Owner, Owner, true));
        assert!(
            remove_participant(Owner, Admin, false) && !remove_participant(Admin, Owner, false)
        );
        assert!(!remove_participant(Write, Read, false));
    }
}
