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
    path("patients/<slug:patient>", views.patient, name="patient"),
    path("emergency", views.emergency, name="emergency"),
]
