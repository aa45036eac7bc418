
†
root.layer"_tf_keras_layer*e{"class_name": "Lambda", "config": {"function": ["4wAAAA==", null, null], "function_type": "lambda"}}