//! The plan sheet.
//!
//! ```text
//! Closed --- propose ---> Deciding --- send ---> Sending --- accepted ---> Following
//!   ^                      ^   |                    |                         |
//!   |                      '---+---- refused -------'                         |
//!   '---- cancel --------------'-------------------------------- close -------'
//! ```

use patchbay_api::ChangeRequest;
use patchbay_domain::{ChangeId, FunctionId, Moved, Topology, Touches};

use super::draft::Draft;

/// Whether the plan on the sheet is with the person or with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The person reads it and writes a reason.
    Deciding,
    /// It was sent, and the server has not answered.
    Sending,
}

/// What is wrong with what was sent or was to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The reason; the sentence stands at its field.
    Reason(String),
    /// A rule refuses the plan, says the server.
    Rule(String),
    /// The server could not take it, or did not answer.
    Server(String),
}

/// The plan sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sheet {
    /// Nothing is planned.
    #[default]
    Closed,
    /// A plan waits for its reason, or for the server's answer.
    Open {
        /// Rises with every sheet, so that a new one starts with an empty field.
        opening: u32,
        /// The plan.
        draft: Box<Draft>,
        /// Who has it.
        phase: Phase,
        /// What is wrong.
        problem: Option<Problem>,
    },
    /// A change on its way, or ended.
    Following(ChangeId),
}

/// Which of its faces the sheet shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// None.
    Closed,
    /// The plan, of this opening.
    Plan(u32),
    /// The change.
    Change(ChangeId),
}

impl Sheet {
    /// Which face it shows.
    pub const fn face(&self) -> Face {
        match self {
            Self::Closed => Face::Closed,
            Self::Open { opening, .. } => Face::Plan(*opening),
            Self::Following(change) => Face::Change(*change),
        }
    }

    /// Opens with a plan, in place of what it showed before.
    pub fn propose(&mut self, opening: u32, draft: Draft) {
        *self = Self::Open { opening, draft: Box::new(draft), phase: Phase::Deciding, problem: None };
    }

    /// The plan, while there is one.
    pub fn draft(&self) -> Option<&Draft> {
        match self {
            Self::Open { draft, .. } => Some(draft),
            Self::Closed | Self::Following(_) => None,
        }
    }

    /// What is wrong.
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Open { problem, .. } => problem.as_ref(),
            Self::Closed | Self::Following(_) => None,
        }
    }

    /// Whether a plan waits for the server's answer.
    pub const fn is_sending(&self) -> bool {
        matches!(self, Self::Open { phase: Phase::Sending, .. })
    }

    /// The functions that the plan on the sheet is about.
    pub fn functions(&self) -> Vec<FunctionId> {
        self.draft().map(|d| d.intent.functions().collect()).unwrap_or_default()
    }

    /// Sends the plan: the request, when it can be sent. Otherwise the sheet says why not.
    pub fn send(&mut self, reason: &str) -> Option<ChangeRequest> {
        let Self::Open { draft, phase: phase @ Phase::Deciding, problem, .. } = self else { return None };
        match draft.request(reason) {
            Ok(request) => {
                *problem = None;
                if request.is_some() {
                    *phase = Phase::Sending;
                }
                request
            }
            Err(error) => {
                *problem = Some(Problem::Reason(error.to_string()));
                None
            }
        }
    }

    /// The server accepted the plan of this opening. False when the sheet has moved on meanwhile.
    pub fn accepted(&mut self, sent: u32, change: ChangeId) -> bool {
        let waits = self.face() == Face::Plan(sent) && self.is_sending();
        if waits {
            *self = Self::Following(change);
        }
        waits
    }

    /// The server did not accept the plan of this opening.
    pub fn refused(&mut self, sent: u32, why: Problem) {
        if let Self::Open { opening, phase, problem, .. } = self
            && *opening == sent
        {
            *phase = Phase::Deciding;
            *problem = Some(why);
        }
    }

    /// The server knew a newer rack: the plan was made again on `topology`, and the person decides again.
    pub fn stale(&mut self, sent: u32, topology: &Topology, moved: Vec<Moved>) {
        if let Self::Open { opening, draft, phase, .. } = self
            && *opening == sent
        {
            *phase = Phase::Deciding;
            draft.stale(topology, moved);
        }
    }

    /// The rack changed. A plan that was sent stays as it was sent.
    pub fn renew(&mut self, topology: &Topology, touches: &Touches) {
        if let Self::Open { draft, phase: Phase::Deciding, problem, .. } = self
            && draft.renew(topology, touches)
        {
            // What the rule said was about another plan.
            problem.take_if(|problem| matches!(problem, Problem::Rule(_)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::Intent;

    const CHANGE: ChangeId = ChangeId::new(4);

    fn open() -> (Topology, Sheet) {
        let t = fixture::topology();
        let mut sheet = Sheet::default();
        sheet.propose(1, Draft::new(&t, Intent::single(NIC_VF1, Some(HOST_B))));
        (t, sheet)
    }

    #[test]
    fn a_plan_without_a_reason_is_not_sent() {
        let (_, mut sheet) = open();
        assert_eq!(sheet.send(" "), None);
        assert!(matches!(sheet.problem(), Some(Problem::Reason(why)) if why.contains("needs a reason")));
        assert!(!sheet.is_sending());
    }

    #[test]
    fn a_plan_is_sent_once_and_then_followed() {
        let (_, mut sheet) = open();
        assert!(sheet.send("INC-1").is_some());
        assert_eq!(sheet.send("INC-1"), None, "Enter pressed twice");
        assert!(sheet.accepted(1, CHANGE));
        assert_eq!(sheet.face(), Face::Change(CHANGE));
        assert!(!sheet.accepted(1, CHANGE));
    }

    #[test]
    fn an_answer_for_an_earlier_sheet_is_ignored() {
        let (t, mut sheet) = open();
        assert!(sheet.send("INC-1").is_some());
        sheet.propose(2, Draft::new(&t, Intent::single(NIC_VF2, Some(HOST_B))));
        assert!(!sheet.accepted(1, CHANGE));
        sheet.refused(1, Problem::Rule("No.".to_owned()));
        assert_eq!(sheet.problem(), None);
        assert_eq!(sheet.face(), Face::Plan(2));
    }

    #[test]
    fn a_refused_plan_goes_back_to_the_person() {
        let (_, mut sheet) = open();
        assert!(sheet.send("INC-1").is_some());
        sheet.refused(1, Problem::Server("No.".to_owned()));
        assert_eq!(sheet.problem(), Some(&Problem::Server("No.".to_owned())));
        assert!(sheet.send("INC-1").is_some(), "and can be sent again");
    }

    #[test]
    fn a_stale_plan_is_made_again_and_a_sent_one_stays_as_sent() {
        let (mut t, mut sheet) = open();
        assert!(sheet.send("INC-1").is_some());
        assign(&mut t, NIC_VF2, HOST_B, 0);
        let touches = Touches::since(t.generation);
        sheet.renew(&t, &touches);
        assert!(sheet.draft().is_some_and(|d| d.news.is_empty()));
        sheet.stale(1, &t, Vec::new());
        assert!(sheet.draft().is_some_and(|d| d.news.len() == 1));
        assert!(!sheet.is_sending());
    }

    #[test]
    fn what_a_rule_said_of_one_plan_is_not_said_of_another() {
        let (mut t, mut sheet) = open();
        let touches = Touches::since(t.generation);
        assert!(sheet.send("INC-1").is_some());
        sheet.refused(1, Problem::Rule("No.".to_owned()));
        sheet.renew(&t, &touches);
        assert_eq!(sheet.problem(), Some(&Problem::Rule("No.".to_owned())), "the plan is the same");
        assign(&mut t, NIC_VF1, HOST_A, 3);
        sheet.renew(&t, &touches);
        assert_eq!(sheet.problem(), None);
        sheet.refused(1, Problem::Server("Did not answer.".to_owned()));
        assign(&mut t, NIC_VF1, HOST_A, 4);
        sheet.renew(&t, &touches);
        assert!(matches!(sheet.problem(), Some(Problem::Server(_))), "that is about no plan");
    }
}
