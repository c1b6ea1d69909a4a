"""The console's addresses, below /console/."""

from django.urls import path
from django.views.i18n import set_language

from clinics.console import audit, clients, emergency_access, members, sign_in, views

app_name = "console"
urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("language", set_language, name="language"),
    path("patients", views.search, name="search"),
    path("patients/<str:patient>", views.patient, name="patient"),
    path("patients/<str:patient>/account", views.account_code, name="account-code"),
    path("patients/<str:patient>/acceptance", views.accept_all, name="accept-all"),
    path("patients/<str:patient>/risks/<str:risk>/decision", views.decide, name="decide"),
    path("patients/<str:patient>/risks/<str:risk>/release", views.release, name="release"),
    path("patients/<str:patient>/plans/<str:plan>/signature", views.sign_plan, name="sign-plan"),
    path("patients/<str:patient>/plans/<str:plan>/refusal", views.decline_plan, name="decline-plan"),
    path("patients/<str:patient>/plans/<str:plan>/correction", views.correct_plan, name="correct-plan"),
    path("clients", clients.clients, name="clients"),
    path("clients/new", clients.register, name="register-client"),
    path("clients/<int:client>/test", clients.test, name="test-client"),
    path("clients/<int:client>/end", clients.end, name="end-client"),
    path("members", members.members, name="members"),
    path("members/<int:member>/recovery", members.recovery_code, name="recovery-code"),
    path("members/<int:member>/end", members.end, name="end-member"),
    path("audit", audit.review, name="review"),
    path("audit/log", audit.log, name="audit-log"),
    path("audit/emergencies", audit.emergencies, name="emergencies"),
    path("emergency-access", emergency_access.index, name="emergency-access"),
    path("emergency-access/<str:patient>", emergency_access.opened, name="opened"),
    path("emergency-access/<str:patient>/whole", emergency_access.widen, name="widen"),
    path("emergency", views.emergency, name="emergency"),
]
