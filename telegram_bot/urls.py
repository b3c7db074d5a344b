from django.urls import path

from telegram_bot import views

app_name = "telegram"
urlpatterns = [
    path("", views.link, name="link"),
    path("state/", views.state, name="state"),
    path("unlink/", views.unlink, name="unlink"),
]
