"""OAuth 2.0: only what is used; the provider's management pages are not exposed."""

from django.urls import path
from oauth2_provider.views import TokenView

urlpatterns = [path("token", TokenView.as_view(), name="token")]
