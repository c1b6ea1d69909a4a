"""The console's addresses, below /console/."""

from django.urls import path
from django.views.i18n import set_language

from clinics.console import views

app_name = "console"
urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("language", set_language, name="language"),
    path("patients", views.search, name="search"),
    path("patients/<str:patient>", views.patient, name="patient"),
    path("patients/<str:patient>/acceptance", views.accept_all, name="accept-all"),
    path("patients/<str:patient>/risks/<str:risk>/decision", views.decide, name="decide"),
    path("patients/<str:patient>/risks/<str:risk>/release", views.release, name="release"),
    path("patients/<str:patient>/plans/<str:plan>/signature", views.sign_plan, name="sign-plan"),
    path("patients/<str:patient>/plans/<str:plan>/refusal", views.decline_plan, name="decline-plan"),
    path("patients/<str:patient>/plans/<str:plan>/correction", views.correct_plan, name="correct-plan"),
    path("emergency", views.emergency, name="emergency"),
]
