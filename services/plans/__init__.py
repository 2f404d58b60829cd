"""Career plans: what a person works out along their guidance path, with their counsellor and between sessions.

Owns    plans with their assessment, information steps, reflections, goals, action tracks and actions; the change log.
        Small copies: how far each path is, referrals of actions, providers' services, centres.
Emits   on `cefo.plans.plans`: PlanOpened, AssessmentRecorded, InformationStepPlanned, InformationStepConcluded,
        ReflectionAdded, GoalSet, ActionTrackOpened, ActionPlanned, ActionProgressed, PlanConfirmed, PlansPurged.
        Facts only: no word of a plan ever travels.
Reacts  PathOpened, InterviewHeld, SeatTaken, AttendanceRecorded, FinalisingSessionDue, WorkshopAnnounced (scheduling);
        ReferralRequested, ReferralProgressed, ProviderPublished, CentrePublished (directory); SubjectErased (intake).
"""
