"""OAuth 2.0 and OpenID Connect: only what is used; the provider's management pages are not exposed.

The name space is the provider's own: its views look their neighbours up in it.
"""

from django.urls import path
from oauth2_provider.views import JwksInfoView, RevokeTokenView, TokenView, UserInfoView

from health_platform.smart import views
from health_platform.smart.discovery import openid_configuration

app_name = "oauth2_provider"
urlpatterns = [
    path("authorize", views.authorize, name="authorize"),
    path("authorize/decision", views.decision, name="decision"),
    path("token", TokenView.as_view(), name="token"),
    path("introspect", views.introspect, name="introspect"),
    path("revoke", RevokeTokenView.as_view(), name="revoke-token"),
    path("userinfo", UserInfoView.as_view(), name="user-info"),
    path("jwks", JwksInfoView.as_view(), name="jwks-info"),
    path(".well-known/openid-configuration", openid_configuration, name="oidc-connect-discovery-info"),
    path(".well-known/oauth-authorization-server", openid_configuration, name="oauth-server-metadata"),
    path("launch", views.begin_launch, name="launch"),
    path("sign-in", views.sign_in, name="sign-in"),
    path("second-factor", views.second_factor, name="second-factor"),
    path("sessions", views.sessions, name="sessions"),
]
