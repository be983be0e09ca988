"""Addresses."""
from __future__ import annotations

from django.urls import path

from mminspect.station.views import detect, ingest, login, media, pages, records_api, threshold_api

urlpatterns = [
    path('', pages.inspect, name='inspect'),
    path('live', pages.live, name='live'),
    path('live/<str:camera>', pages.live, name='camera'),
    path('records', pages.records, name='records'),
    path('records.csv', pages.export, name='export'),
    path('records/<uuid:record_id>', pages.RecordPage.as_view(), name='record'),
    path('scores', pages.scores, name='scores'),
    path('login', login.login_view, name='login'),
    path('logout', login.logout_view, name='logout'),
    path('media/<uuid:record_id>/original', media.OriginalView.as_view()),
    path('media/<uuid:record_id>/<str:kind>', media.PictureView.as_view()),
    path('api/detect', detect.DetectView.as_view()),
    path('api/ingest/<str:camera>', ingest.IngestView.as_view()),
    path('api/records', records_api.RecordsView.as_view()),
    path('api/records/<uuid:record_id>', records_api.RecordView.as_view()),
    path('api/records/<uuid:record_id>/mark', records_api.MarkView.as_view()),
    path('api/threshold', threshold_api.ThresholdView.as_view()),
    path('api/scores', threshold_api.ScoresView.as_view()),
    path('api/status', threshold_api.StatusView.as_view()),
]
handler400 = 'mminspect.station.replies.bad_request'
handler403 = 'mminspect.station.replies.forbidden'
handler404 = 'mminspect.station.replies.not_found'
handler500 = 'mminspect.station.replies.server_error'
