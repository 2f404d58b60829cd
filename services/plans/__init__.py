"""Career plans, which a person writes along their guidance path, with their counsellor and between sessions.

Owns    plans with their assessment, information steps, reflections, goals, action tracks and actions; the change log.
        Copies: the facts of each guidance path, referrals of actions, providers' services, centres.
Emits   on `cefo.plans.plans`: PlanOpened, AssessmentRecorded, InformationStepPlanned, InformationStepConcluded,
        ReflectionAdded, GoalSet, ActionTrackOpened, ActionPlanned, ActionProgressed, PlanConfirmed, PlansPurged.
        No event carries text of a plan.
Reacts  PathOpened, PathClosed, PathReopened, InterviewHeld, InterviewResumed, SeatTaken, AttendanceRecorded,
        FinalisingSessionDue, FinalisingSessionWithdrawn, WorkshopAnnounced, WorkshopChanged (scheduling);
        ReferralRequested, ReferralProgressed, ProviderPublished, CentrePublished (directory);
        VisitorRegistered, VisitorConsentGiven, VisitorConsentWithdrawn, VisitorLinkChanged, SubjectErased (intake).
"""
